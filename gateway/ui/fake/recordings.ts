// Recordings: a request a second, and a test of each.
import type { RecordRequest } from '../src/api/gen/v1';
import { later } from './http';
import type { Handler } from './methods';
import { traceMethods } from './traces';

export const recordingMethods: Record<string, Handler> = {
  async *Record(request: Partial<RecordRequest>, signal) {
    const none = new AbortController().signal;
    const { traces } = (await traceMethods.ListTraces!(
      { of: request.of, recorded: true, limit: 20 },
      none,
    )) as {
      traces: { trace_id: string }[];
    };
    yield {
      header: {
        version: 1,
        chain: request.of?.chain ?? '',
        deployment: '',
        entrypoint: '',
        bundle: '',
        unix_ms: '0',
      },
    };
    for (const { trace_id } of traces.slice(0, request.requests || 100)) {
      await later(300, signal);
      if (signal.aborted) return;
      const { spans } = (await traceMethods.GetTrace!({ trace_id }, none)) as { spans: unknown[] };
      yield { request: { spans, incomplete: false } };
    }
  },
  MakeTest: () => ({
    file_name: 'hello_recorded_test.cc',
    text: [
      '// Made of a recorded request of hello, deployment hello-2.',
      '#include <gtest/gtest.h>',
      '',
      '#include "chains/testing/replay.h"',
      '',
      'TEST(HelloRecorded, AnswersAsItWasRecorded) {',
      '  // What SayHello answered is played back.',
      '  EXPECT_EQ(chains::testing::Replay(kRecording).reply(), "Hello, Ada");',
      '}',
      '',
    ].join('\n'),
    how: 'chains_add_test(hello_recorded_test SOURCES hello_recorded_test.cc LIBRARIES hello)',
  }),
};
