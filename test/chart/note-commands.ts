// The commands in the notes of an installation.

/** The lines from one that begins with kubectl or sleep, at column 0, to the end of its here-document. */
export function commandsIn(notes: string): string {
  const commands: string[] = [];
  let isInDocument = false;
  for (const line of notes.split('\n')) {
    const isCommand = !isInDocument && /^(?:kubectl|sleep) /.test(line);
    if (isInDocument || isCommand) commands.push(line);
    if (isCommand && line.endsWith("<<'END'")) isInDocument = true;
    if (line === 'END') isInDocument = false;
  }
  return commands.join('\n');
}
