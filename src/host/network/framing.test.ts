import { expect, test } from 'vitest';
import { FrameReader, frameOf } from './framing.ts';

test('[NW1] frames come out as they went in, however the stream is cut', () => {
  const payloads = ['a', '', 'longer than the rest', 'b'].map((text) => Buffer.from(text));
  const stream = Buffer.concat(payloads.map(frameOf));

  for (let step = 1; step <= stream.byteLength; step++) {
    const reader = new FrameReader(100);
    const taken: string[] = [];
    for (let at = 0; at < stream.byteLength; at += step) {
      reader.push(stream.subarray(at, at + step));
      taken.push(...framesOf(reader));
    }

    expect(taken).toEqual(payloads.map(String));
    expect(reader.midFrame).toBe(false);
  }
});

test('[NW1] chunks that arrive before the frames are taken are kept in order', () => {
  const reader = new FrameReader(100);

  reader.push(Buffer.concat([frameOf(Buffer.from('one')), frameOf(Buffer.from('two'))]));
  reader.push(frameOf(Buffer.from('three')));

  expect(framesOf(reader)).toEqual(['one', 'two', 'three']);
});

test('[NW1] a reader knows that it stands inside a frame', () => {
  const frame = frameOf(Buffer.from('half'));
  const reader = new FrameReader(100);

  for (const cut of [2, 4, 6]) {
    reader.push(frame.subarray(cut - 2, cut));
    expect(reader.take().kind).toBe('none');
    expect(reader.midFrame).toBe(true);
  }
});

test('[NW1] a length above the limit loses the stream: nothing comes out after it', () => {
  const reader = new FrameReader(3);

  reader.push(
    Buffer.concat([frameOf(Buffer.from('abc')), frameOf(Buffer.from('abcd')), frameOf(Buffer.from('x'))]),
  );

  expect(reader.take().kind).toBe('frame');
  expect(reader.take()).toEqual({ kind: 'oversize', bytes: 4 });
  expect(reader.take().kind).toBe('none');
});

function framesOf(reader: FrameReader): string[] {
  const frames: string[] = [];
  for (let taken = reader.take(); taken.kind === 'frame'; taken = reader.take()) {
    frames.push(Buffer.from(taken.payload).toString());
  }
  return frames;
}
