// A connection whose answers a test scripts, question by question.

import type { Answers, Connection } from '../../../src/operator/device/device-port.ts';

const silent: Connection = {
  call: ({ ask }) => Promise.reject(new Error(`not asked here: ${ask}`)),
  close: async () => {},
};

/**
 * @param script answers to some questions.
 * @param others who answers the others. Default: nobody, the test does not expect them.
 */
export function fakeConnection(script: Partial<Answers>, others = silent): Connection {
  return {
    call(question, signal) {
      const answer = script[question.ask];
      return answer === undefined ? others.call(question, signal) : answer(question, signal);
    },
    close: () => others.close(),
  };
}
