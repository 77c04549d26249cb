// Reads a Dockerfile into its stages, instruction by instruction; what it means is for image-plan.ts.

export type Instruction = {
  readonly line: number;
  /** In capitals: 'COPY'. */
  readonly name: string;
  /** The rest of the line, continued lines joined. */
  readonly rest: string;
};

export type Stage = {
  /** An image, or the name of an earlier stage. */
  readonly from: string;
  /** '' where it has none. */
  readonly name: string;
  readonly instructions: readonly Instruction[];
};

/** @throws Error with the line of what is no Dockerfile */
export function readDockerfile(text: string): readonly Stage[] {
  const stages: { from: string; name: string; instructions: Instruction[] }[] = [];
  for (const instruction of instructionsOf(text)) {
    const { line, name, rest } = instruction;
    const stage = stages.at(-1);
    if (name === 'FROM') {
      const [, from, as = ''] = /^(\S+)(?:\s+AS\s+(\S+))?$/i.exec(rest) ?? [];
      if (from === undefined) throw new Error(`Dockerfile line ${line}: FROM ${rest}: flags are not read`);
      stages.push({ from, name: as, instructions: [] });
    } else if (stage === undefined) {
      throw new Error(`Dockerfile line ${line}: ${name} stands before the first FROM`);
    } else stage.instructions.push(instruction);
  }
  if (stages.length === 0) throw new Error('the Dockerfile has no FROM');
  return stages;
}

function* instructionsOf(text: string): Generator<Instruction> {
  const lines = text.split('\n');
  for (let at = 0; at < lines.length; at += 1) {
    const line = at + 1;
    let whole = lines[at] ?? '';
    if (/^\s*(#|$)/.test(whole)) continue;
    while (whole.endsWith('\\')) {
      at += 1;
      const next = lines[at];
      if (next === undefined) throw new Error(`Dockerfile line ${line}: it goes on after the last line`);
      whole = /^\s*#/.test(next) ? whole : `${whole.slice(0, -1).trimEnd()} ${next.trim()}`;
    }
    const [, name, rest] = /^\s*([A-Za-z]+)\s+(.*\S)\s*$/.exec(whole) ?? [];
    if (name === undefined || rest === undefined)
      throw new Error(`Dockerfile line ${line}: no instruction: ${whole}`);
    yield { line, name: name.toUpperCase(), rest };
  }
}
