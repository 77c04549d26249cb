// Plays the demo's scripted round and records it for the picture of the README; `npm run format` and `generate` follow.

import { writeFileSync } from 'node:fs';
import { Followed } from '../demo/followed.ts';
import type { Played } from '../demo/played.ts';
import { recorded } from '../demo/recording.ts';
import { playRound } from '../demo/round.ts';
import { buildStage } from '../demo/stage.ts';
import { recordingFile } from './demo-picture.ts';

const { signal } = new AbortController();
const played: Played[] = [];
await using stage = await buildStage(console.log, signal);
const well = await playRound(stage, new Followed(), (step) => played.push(step), signal);
if (!well) throw new Error('a step did not end as it should: nothing was recorded');
const url = new URL(`../${recordingFile}`, import.meta.url);
writeFileSync(url, `[\n${played.map((step) => JSON.stringify(recorded(step))).join(',\n')}\n]\n`);
console.log(`wrote ${recordingFile}; now: npm run format && npm run generate`);
