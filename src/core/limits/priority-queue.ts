// A priority queue of sorted runs. Items that are no longer wanted are dropped when they come first, not searched for.

/** Of so few it is not worth while to look for those that are not wanted. */
const fewAdded = 1000;

export class PriorityQueue<T> {
  /** The first item of each stands at its end. Each is more than twice as long as the next one was when that one came. */
  readonly #runs: T[][] = [];
  /** Not sorted in yet: what comes together is sorted once. */
  #added: T[] = [];
  /** How many of these were wanted when it was last looked for those that are not. */
  #wantedAdded = 0;
  readonly #compare: (a: T, b: T) => number;
  readonly #isWanted: (item: T) => boolean;

  /**
   * @param compare negative when `a` comes before `b`; what decides it never changes.
   * @param isWanted once false, an item is dropped for good.
   */
  constructor(compare: (a: T, b: T) => number, isWanted: (item: T) => boolean) {
    this.#compare = compare;
    this.#isWanted = isWanted;
  }

  /** A queue may be added to for days before it is asked: what is not wanted by then is dropped on the way. */
  add(item: T): void {
    this.#added.push(item);
    if (this.#added.length <= 2 * this.#wantedAdded + fewAdded) return;
    this.#added = this.#added.filter(this.#isWanted);
    this.#wantedAdded = this.#added.length;
  }

  /** The item that comes before all others. O(log n) comparisons for each item that was added, on average. */
  get first(): T | undefined {
    if (this.#added.length > 0) this.#sortIn();
    let first: T | undefined;
    for (const run of this.#runs) {
      let item = run.at(-1);
      while (item !== undefined && !this.#isWanted(item)) {
        run.pop();
        item = run.at(-1);
      }
      if (item !== undefined && (first === undefined || this.#compare(item, first) < 0)) first = item;
    }
    return first;
  }

  /** Each item is merged into a longer run at most log n times; the sort merges two runs in one pass. */
  #sortIn(): void {
    const lastFirst = (a: T, b: T) => this.#compare(b, a);
    let run = this.#added.filter(this.#isWanted).sort(lastFirst);
    this.#added = [];
    this.#wantedAdded = 0;
    for (let last = this.#runs.at(-1); last && last.length <= 2 * run.length; last = this.#runs.at(-1)) {
      this.#runs.pop();
      run = last.filter(this.#isWanted).concat(run).sort(lastFirst);
    }
    this.#runs.push(run);
  }
}
