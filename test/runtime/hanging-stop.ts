// A program whose stop hangs, for stop-signals.test.ts. Argument: after how many ms it is ended.
import { createLogger } from '../../src/runtime/logger.ts';
import { stopSignal } from '../../src/runtime/stop-signals.ts';

const log = createLogger({ level: 'info', format: 'json' });
stopSignal(log, Number(process.argv[2]));
setInterval(() => undefined, 1000);
log.info('ready');
