// Tells the log which pairs are set aside: some by name, of many their number.

import type { Rejection } from '../../core/message/refusals.ts';
import type { Logger } from '../../runtime/logger.ts';

const mostTold = 5;

export function tellRefused(log: Logger, rejections: readonly Rejection[]): void {
  for (const rejection of rejections.slice(0, mostTold)) log.warn({ rejection }, 'device refused a pair');
  const more = rejections.length - mostTold;
  if (more > 0) log.warn({ more }, 'device refused more pairs');
}
