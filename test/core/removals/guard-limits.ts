// Guard limits for tests of everything but the guard.

import type { GuardLimits } from '../../../src/core/removals/removal-guard.ts';

export const neverTrips: GuardLimits = { percent: 100, minimum: Number.POSITIVE_INFINITY };
