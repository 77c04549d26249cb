// The parts of status that all our kinds share.

import { z } from 'zod';

/** A count; never negative. */
export function count(description: string): z.ZodInt {
  return z.int().min(0).describe(description);
}

export function observedGeneration(): z.ZodInt {
  return z
    .int()
    .meta({ format: 'int64' })
    .describe(
      'The metadata.generation that this status describes. Lower than metadata.generation: the last edit has not ' +
        'been acted on yet.',
    );
}

/** metav1.Condition. */
const condition = z.object({
  type: z.string().min(1).max(316).describe('Ready, Reconciling or Stalled.'),
  status: z.enum(['True', 'False', 'Unknown']).describe('True, False or Unknown.'),
  observedGeneration: z
    .int()
    .meta({ format: 'int64' })
    .optional()
    .describe('The metadata.generation that the condition describes.'),
  lastTransitionTime: z.string().meta({ format: 'date-time' }).describe('When status last changed.'),
  reason: z
    .string()
    .min(1)
    .max(1024)
    .describe('One word for the cause, from a closed list; docs/reasons.md has a heading for each.'),
  message: z.string().max(32768).describe('The cause in a sentence, with the next step.'),
});

export function conditions(description: string) {
  return z
    .array(condition)
    .meta({ description, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['type'] });
}
