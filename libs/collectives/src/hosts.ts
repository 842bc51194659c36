import { hostname } from 'node:os';

/** By which others reach this host: its name, or what the environment says. */
export function ownHost(): string {
  return process.env['BLUEWATERS_RANK_HOST'] ?? hostname();
}

/** Where a rank is among all: the number of its host, in the order of their first ranks, and its own number on it. */
export function localPlace(hosts: readonly string[], rank: number): { readonly rank: number; readonly host: number } {
  const own = hosts[rank] ?? '';
  return { rank: hosts.slice(0, rank).filter((host) => host === own).length, host: [...new Set(hosts)].indexOf(own) };
}

/**
 * `host:port` of TensorFlow servers, in their order: by the loopback where all of them are on one host, which need not
 * know its own name.
 */
export function serverAddresses(servers: readonly { readonly host: string; readonly port: number }[]): string[] {
  const isOneHost = new Set(servers.map(({ host }) => host)).size === 1;
  return servers.map(({ host, port }) => `${isOneHost ? '127.0.0.1' : host}:${port}`);
}
