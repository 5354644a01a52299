import { expect, test } from 'vitest';
import { parseAct } from './drill-request.ts';

test('[CL30] acts are read as they are meant', () => {
  const read = [
    '{"act":"kill","node":"ann"}',
    '{"act":"cut","side":["ann","bob"]}',
    '{"act":"slow","node":"ann","delay_ms":250}',
    '{"act":"heal"}',
    '{"act":"drill","drill":"partition"}',
  ].map((text) => parseAct(text));

  expect(read.map((result) => result.ok && result.value)).toEqual([
    { act: 'kill', node: 'ann' },
    { act: 'cut', side: ['ann', 'bob'] },
    { act: 'slow', node: 'ann', delayMs: 250 },
    { act: 'heal' },
    { act: 'drill', drill: 'partition' },
  ]);
});

test('[CL30] an act that makes no sense is answered with what is allowed', () => {
  const problems = [
    'kill ann',
    'null',
    '{"act":"burn"}',
    '{"act":"kill"}',
    '{"act":"cut","side":["ann",1]}',
    '{"act":"slow","node":"ann","delay_ms":-1}',
    '{"act":"drill","drill":"burn"}',
  ].map((text) => {
    const result = parseAct(text);
    return result.ok ? '' : result.problem;
  });

  expect(problems).toEqual([
    expect.stringContaining('one JSON object'),
    expect.stringContaining('one JSON object'),
    expect.stringContaining('"act" is one of kill'),
    '"node" is the id of a node',
    '"side" lists the ids of the nodes on one side',
    '"delay_ms" is a number from 0 to 10000',
    expect.stringContaining('kill-leader'),
  ]);
});
