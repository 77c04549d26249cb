// The sets of perturbations by their names, in the order in which they run.
import type { PerturbationSet } from './perturbation.ts';

export const sets: Readonly<Record<string, PerturbationSet>> = {
  'small-scope': {
    what: 'every interleaving of a cluster of two Pods with two operators and a device that fails, over the real core',
    run: async (frame) => (await import('./small-scope/small-scope.ts')).runSmallScope(frame),
  },
  kill: {
    what: 'the operator is killed after every request to the API server and to the device in turn',
    run: async (frame) => (await import('./live/live.ts')).runLive(frame, (kind) => kind === 'kill'),
  },
  device: {
    what: 'each message to a device is lost, doubled, answered by half or late, and each read lost, cut, short or shifted',
    run: async (frame) => (await import('./live/live.ts')).runLive(frame, (kind) => kind !== 'kill'),
  },
  mutants: {
    what: 'operators that are broken on purpose: each must be caught by the set that is named for it',
    run: async (frame) => (await import('./mutants/judge-mutants.ts')).judgeMutants(frame),
  },
};
