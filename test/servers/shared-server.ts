// What the tests of shared stores ask of a server that they start for themselves.

/** Of every server. Not a word that could stand in a message by chance. */
export const PASSWORD = "geh3im-ware";

/** A running server that holds as many stores as asked for. */
export interface SharedServer {
  /** The address of a new, empty store; through another port of this machine when one is given. */
  newStore(port?: number): string;
  /** Where a proxy leads to. */
  readonly port: number;
  /** A store's address with another password. */
  withPassword(address: string, password: string): string;
  /** Makes the store look as a newer version of this program would leave it. */
  makeNewer(address: string): Promise<void>;
  /** Makes what stands where the store would be look like somebody else's. */
  makeForeign(address: string): Promise<void>;
  /** Everything that is kept under the address, to see that nothing has changed. */
  dump(address: string): Promise<unknown>;
  kill(): Promise<void>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}
