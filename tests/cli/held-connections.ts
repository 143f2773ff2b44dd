import { connect, createServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";

/** A way to a PostgreSQL server that holds every connection back until it is told to let them through. */
export interface HeldConnections {
  /** The database of the URL that was given, by this way. */
  readonly url: string;
  /** Resolves as soon as somebody has connected, who then waits for the first word of the server. */
  readonly connected: Promise<void>;
  letThrough(): void;
}

/** For the length of one test. */
export async function holdConnections(url: string): Promise<HeldConnections> {
  const connected = Promise.withResolvers<void>();
  const allowed = Promise.withResolvers<void>();
  const sockets = new Set<Socket>();
  const passOn = async (client: Socket): Promise<void> => {
    await allowed.promise;
    const upstream = connectTo(url).on("error", () => client.destroy());
    sockets.add(upstream);
    client.pipe(upstream).pipe(client);
  };
  const server = createServer((client) => {
    sockets.add(client.on("error", () => {}));
    connected.resolve();
    void passOn(client);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The server listens on no port.");
  const held = new URL(url);
  held.searchParams.delete("host");
  held.host = `127.0.0.1:${address.port}`;
  return { url: held.href.replaceAll("+", "%20"), connected: connected.promise, letThrough: allowed.resolve };
}

function connectTo(url: string): Socket {
  const { hostname, port, searchParams } = new URL(url);
  const host = searchParams.get("host") ?? hostname;
  return host.startsWith("/") ? connect(`${host}/.s.PGSQL.${port || 5432}`) : connect(Number(port || 5432), host);
}
