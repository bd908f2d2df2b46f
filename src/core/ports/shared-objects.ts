/** What the runs of one process have in common: objects that are costly to make twice, such as pools of connections. */

/** An object that several runs use. */
export interface SharedObject extends AsyncDisposable {
  /** Whether it holds nothing, so that nobody would miss it. */
  readonly isEmpty: boolean;
  /** Of one that lends. */
  readonly figures?: LendingFigures;
}

/** What a lender has at this moment. */
export interface LendingFigures {
  /** For people; never a secret: `etl@db:5432/shop sink`. */
  readonly name: string;
  /** Things at most. */
  readonly max: number;
  /** Things that there are, lent or not. */
  readonly size: number;
  readonly lent: number;
  /** Borrowers in line. */
  readonly waiting: number;
}

/** A share in an object; disposing it, once or again, gives the share up. */
export interface Joined<T> extends AsyncDisposable {
  readonly object: T;
}

/** Objects by their keys. */
export interface SharedObjects {
  /**
   * Joins those who use an object; whoever comes first makes it.
   *
   * It stays for those who come later, and is let go of when nobody uses it and it is empty, or with all this.
   *
   * @param key tells objects apart, of all kinds that there are; may be made of secrets, and is shown nowhere
   */
  join<T extends SharedObject>(key: string, make: () => T): Joined<T>;
}

/** Told once a wait for what other runs of the process hold has become long. */
export interface HeldUp {
  /** For how long so far, milliseconds. */
  readonly forMs: number;
  /** What is waited for, who has it, and what to do. */
  readonly message: string;
}
