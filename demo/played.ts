// A step of the scripted round as it ended, drawn in lines.

import { blank, type Line, paragraph, plain } from './frame.ts';
import { type Picture, pictureLines } from './picture.ts';
import { steps } from './script.ts';

export type Played = {
  /** 1 for the first. */
  readonly number: number;
  readonly title: string;
  readonly picture: Picture;
  /** From the API server's answer until the firewall's table held the change; undefined: there was none to make. */
  readonly ms: number | undefined;
  /** What did not end as it should. */
  readonly problems: readonly Line[];
};

export function playedLines({ number, title, picture, ms, problems }: Played): Line[] {
  const well = ms === undefined ? '✓ there was nothing to change on the firewall' : followedIn(ms);
  return [
    ...paragraph(`── ${number}/${steps.length}  ${title}`, 'strong'),
    blank,
    ...pictureLines(picture),
    blank,
    ...(problems.length > 0 ? problems : [plain(well)]),
  ];
}

function followedIn(ms: number): string {
  return `✓ the firewall followed within ${wholeMs(ms)} ms of the API server's answer`;
}

/** Rounded up. */
export function wholeMs(ms: number): number {
  return Math.max(1, Math.ceil(ms));
}
