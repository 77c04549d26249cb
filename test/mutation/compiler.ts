// The project as the TypeScript compiler sees it: syntax trees, and whether a mutant would get past `npm run check:types`.

import { join } from 'node:path';
import type { SourceFile } from 'typescript/unstable/ast';
import { API } from 'typescript/unstable/sync';

export type Compiler = {
  parse(file: string): SourceFile;
  accepts(file: string, source: string): boolean;
  close(): void;
};

/** "Is declared but never used" and its like: complaints about tidiness say nothing of behaviour. */
const tidiness = new Set([6133, 6138, 6192, 6196, 6198, 6199, 6205, 7027]);

export function openCompiler(root: string): Compiler {
  const config = join(root, 'tsconfig.json');
  const mutated = new Map<string, string>();
  const api = new API({ cwd: root, fs: { readFile: (file) => mutated.get(file) } });
  let snapshot = api.updateSnapshot({ openProjects: [config] });
  const program = () => {
    const project = snapshot.getProject(config);
    if (project === undefined) throw new Error(`${config} is no project`);
    return project.program;
  };
  const refresh = (file: string) => {
    snapshot.dispose();
    snapshot = api.updateSnapshot({ fileChanges: { changed: [file] } });
  };
  return {
    parse(file) {
      const parsed = program().getSourceFile(file);
      if (parsed === undefined) throw new Error(`${file} is not part of ${config}`);
      return parsed;
    },
    accepts(file, source) {
      mutated.set(file, source);
      refresh(file);
      const found = [...program().getSyntacticDiagnostics(file), ...program().getSemanticDiagnostics(file)];
      mutated.delete(file);
      refresh(file);
      return found.every(({ code }) => tidiness.has(code));
    },
    close: () => api.close(),
  };
}
