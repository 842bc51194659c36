/**
 * Node's channel between a parent and a child process, as either of them sees it: the parent has it on its
 * `ChildProcess`, the child on `process`.
 */
export interface Channel {
  readonly connected: boolean;
  readonly pid?: number | undefined;
  send?(message: object, handle: undefined, options: undefined, callback: (error: Error | null) => void): boolean;
  on(event: 'message' | 'disconnect', listener: (message: unknown) => void): this;
  off(event: 'message' | 'disconnect', listener: (message: unknown) => void): this;
}

/** Sends a message; false when the channel is already closed. `ended` hears of an error on the way. */
export function send(channel: Channel, message: object, ended: (error: Error | null) => void): boolean {
  if (!channel.connected || !channel.send) return false;
  channel.send(message, undefined, undefined, ended);
  return true;
}
