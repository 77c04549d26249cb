// Frame and outcome of a set of perturbations.

export type Violated = {
  /** The invariant, in a few words. */
  readonly invariant: string;
  readonly message: string;
  /** What `--replay` takes. */
  readonly replay: string;
};

export type Outcome = {
  /** One line each: what was tried, with its count. */
  readonly tried: readonly string[];
  readonly violations: readonly Violated[];
  /** Everything that the set consists of was tried; false: time or a signal ended it. */
  readonly isWhole: boolean;
};

export type Frame = {
  /** Asked between two points: the time is over, or somebody interrupted. */
  readonly isOver: () => boolean;
  /** Ends at the first so many violations. */
  readonly mostViolations: number;
  /** Without the set's name; undefined: everything. */
  readonly replay: string | undefined;
  /** Parts of the set by their names; none: all of them. */
  readonly only: readonly string[];
  /** A mutant in place of the operator. */
  readonly mutant: string | undefined;
  /** A line of progress. */
  readonly say: (line: string) => void;
};

export type PerturbationSet = {
  readonly what: string;
  readonly run: (frame: Frame) => Promise<Outcome>;
};
