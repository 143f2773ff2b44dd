const MASK = "***";

/** Passwords of the database URLs of this run, in every spelling in which a driver may repeat them. */
const secrets = new Set<string>();

/** Of a URL: in front of its last @, or a parameter. Also in what is no valid URL, where a character was not encoded. */
const USER_PASSWORD = /^([a-z+]+:\/\/[^:/?#@]*):(.*)@/i;
const PASSWORD_PARAMETER = /([?&](?:password|sslpassword)=)([^&#]*)/gi;

/** `url` without its passwords, for people. From then on `masked` knows them. */
export function withoutPassword(url: string): string {
  for (const [, , password = ""] of [USER_PASSWORD.exec(url) ?? [], ...url.matchAll(PASSWORD_PARAMETER)])
    keep(password);
  return url.replace(USER_PASSWORD, `$1:${MASK}@`).replaceAll(PASSWORD_PARAMETER, `$1${MASK}`);
}

/** `text` without the passwords that the command line was given. */
export function masked(text: string): string {
  return [...secrets].reduce((clean, secret) => clean.replaceAll(secret, MASK), text);
}

function keep(password: string): void {
  const spellings = [
    password,
    attempt(() => decodeURIComponent(password)),
    attempt(() => encodeURIComponent(password)),
  ];
  for (const spelling of spellings) if (spelling !== undefined && spelling !== "") secrets.add(spelling);
}

function attempt(run: () => string): string | undefined {
  try {
    return run();
  } catch {
    return undefined;
  }
}
