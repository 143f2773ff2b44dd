const MASK = "***";
/** Shorter ones are in every other sentence. */
const SECRET_LENGTH_MIN = 4;

/** Passwords of the databases of this run, in every spelling in which a driver may repeat them. */
const secrets = new Set<string>();
/** What is printed as it is, whatever the password: names of databases, where its position masked it, and commands with them. */
const cleared = new Set<string>();

/** Of a URL: in front of its last @, or a parameter. Also in what is no valid URL, where a character was not encoded. */
const USER_PASSWORD = /^([a-z+]+:\/\/[^:/?#@]*):(.*)@/is;
const URL_PARAMETER = /([?&](?:password|sslpassword)=)([^&#]*)/gi;
/** As libpq takes it: `host=db password='it''s'`. */
const LIBPQ_PARAMETER = /((?:^|\s)(?:password|sslpassword)\s*=\s*)('(?:[^'\\]|\\.)*'?|\S*)/gis;

/** `database`, a URL or whatever was given in its place, without its passwords, for people. From then on `masked` knows them. */
export function withoutPassword(database: string): string {
  const parameter = isUrl(database) ? URL_PARAMETER : LIBPQ_PARAMETER;
  const publicParts = publicPartsOf(database);
  for (const [, , password = ""] of [USER_PASSWORD.exec(database) ?? [], ...database.matchAll(parameter)])
    keep(password, publicParts);
  const name = database.replace(USER_PASSWORD, `$1:${MASK}@`).replaceAll(parameter, `$1${MASK}`);
  return name === database ? name : asItIs(name);
}

/** `clean`, which holds databases by their names only, and from then on stays as it is in texts that are `masked`. */
export function asItIs(clean: string): string {
  if (secrets.size > 0) cleared.add(clean);
  return clean;
}

/**
 * `text` without the passwords that the command line was given, where they stand as words of their own. What a name of the
 * database says anyway, and what is shorter than 4 characters, is no secret: a driver's words would be lost for it.
 */
export function masked(text: string): string {
  const [longest] = [...cleared].filter((each) => text.includes(each)).toSorted((a, b) => b.length - a.length);
  if (longest !== undefined) return text.split(longest).map(masked).join(longest);
  return [...secrets].reduce((clean, secret) => clean.replaceAll(asWord(secret), MASK), text);
}

/** Stands behind a command that names the database, where it cannot run as it is printed; else empty. */
export function passwordHint(name: string): string {
  return name.includes(MASK) ? " (put the password back)" : "";
}

/** Whether parts of what people may mean as the password of `url` would be taken for its host, path or parameters. */
export function isAmbiguous(url: string): boolean {
  const [inFront] = USER_PASSWORD.exec(url) ?? [];
  if (inFront === undefined) return false;
  const userAndPassword = inFront.slice(inFront.indexOf("://") + 3, -1);
  return /[/?#@\\]/.test(userAndPassword);
}

function isUrl(text: string): boolean {
  return /^[a-z][a-z+.-]*:\/\//i.test(text);
}

/** What is shown of `url` in any case. */
function publicPartsOf(url: string): readonly string[] {
  const parsed = attempt(() => new URL(url));
  if (parsed === undefined || isAmbiguous(url)) return [];
  const { protocol, username, hostname, pathname, searchParams } = parsed;
  const named = ["user", "host", "dbname"].flatMap((name) => searchParams.getAll(name));
  return [protocol.slice(0, -1), username, hostname, pathname.slice(1), ...named].flatMap((part) => [
    part,
    attempt(() => decodeURIComponent(part)) ?? part,
  ]);
}

function keep(password: string, publicParts: readonly string[]): void {
  const spellings = [
    password,
    attempt(() => decodeURIComponent(password)),
    attempt(() => encodeURIComponent(password)),
    password.startsWith("'") ? password.replaceAll(/^'|'$|\\(?=.)/gs, "") : undefined,
  ].filter((spelling) => spelling !== undefined);
  if (spellings.some((spelling) => publicParts.includes(spelling))) return;
  for (const spelling of spellings) if (spelling.length >= SECRET_LENGTH_MIN) secrets.add(spelling);
}

/** Where `secret` is no part of a longer word. */
function asWord(secret: string): RegExp {
  const word = /[\p{L}\p{N}_]/u;
  const before = word.test(secret.at(0) ?? "") ? "(?<![\\p{L}\\p{N}_])" : "";
  const after = word.test(secret.at(-1) ?? "") ? "(?![\\p{L}\\p{N}_])" : "";
  return new RegExp(before + secret.replaceAll(/[\\^$.*+?()[\]{}|/]/g, "\\$&") + after, "gu");
}

function attempt<Value>(run: () => Value): Value | undefined {
  try {
    return run();
  } catch {
    return undefined;
  }
}
