// Time limit for a call, without leaving listeners behind on long-lived signals.

import { onAbort } from '../../signals/abort.ts';

type Deadline = {
  /** Aborts with the caller's reason, or with the limit's own error. */
  readonly signal: AbortSignal;
  /** Must be called when the work has ended, either way. */
  readonly clear: () => void;
};

export function deadline(signal: AbortSignal, ms: number, limitError: () => Error): Deadline {
  const controller = new AbortController();
  const end = onAbort(signal, () => controller.abort(signal.reason));
  const timer = setTimeout(() => controller.abort(limitError()), ms);
  return {
    signal: controller.signal,
    clear: () => {
      clearTimeout(timer);
      end();
    },
  };
}
