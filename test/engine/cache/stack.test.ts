import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryCache } from '../../../src/engine/cache/memory.ts';
import { CacheStack } from '../../../src/engine/cache/stack.ts';
import { type Digest, digestOf } from '../../../src/oci/digest.ts';
import { FailureError } from '../../../src/result.ts';

const live = new AbortController().signal;
const key = digestOf('key');

/** Far away: remembers what it is asked, and fails from when it is told to. */
class Far extends MemoryCache<number> {
  readonly asked: string[] = [];
  failure: Error | undefined;

  override get(of: Digest, signal: AbortSignal): Promise<number | undefined> {
    this.asked.push('get');
    return this.failure ? Promise.reject(this.failure) : super.get(of, signal);
  }

  override put(of: Digest, result: number, signal: AbortSignal): Promise<void> {
    this.asked.push('put');
    return this.failure ? Promise.reject(this.failure) : super.put(of, result, signal);
  }
}

function rig(isRead = true) {
  const [near, far] = [new Far(), new Far()];
  const notices: string[] = [];
  const notice = (message: string) => void notices.push(message);
  return { near, far, notices, stack: new CacheStack<number>([{ cache: near }, { cache: far, isRead }], notice) };
}

const unreachable = () =>
  new FailureError({ reason: 'registry-unreachable', message: 'cache.example does not answer' });

test('the nearest is asked first, and alone where it has it', async () => {
  const { near, far, stack } = rig();
  await near.put(key, 7, live);
  assert.equal(await stack.get(key, live), 7);
  assert.deepEqual(far.asked, []);
});

test('what a farther one has is in the nearer from then on', async () => {
  const { near, far, stack } = rig();
  await far.put(key, 7, live);
  assert.equal(await stack.get(key, live), 7);
  assert.equal(await near.get(key, live), 7);
});

test('what is put goes to all', async () => {
  const { near, far, stack } = rig();
  await stack.put(key, 7, live);
  assert.deepEqual(await Promise.all([near.get(key, live), far.get(key, live)]), [7, 7]);
});

test('one that is only written to is not asked', async () => {
  const { far, stack } = rig(false);
  await far.put(key, 7, live);
  assert.equal(await stack.get(key, live), undefined);
  await stack.put(key, 8, live);
  assert.equal(await far.get(key, live), 8);
});

for (const act of ['get', 'put'] as const)
  test(`one whose ${act} fails is a miss, is told once, and left out from then on`, async () => {
    const { near, far, notices, stack } = rig();
    far.failure = unreachable();
    if (act === 'get') assert.equal(await stack.get(key, live), undefined);
    else await stack.put(key, 7, live);
    assert.equal(notices.length, 1);
    assert.match(notices[0]!, /memory.*cache\.example does not answer/);
    far.failure = undefined;
    await stack.put(key, 8, live);
    assert.equal(await stack.get(key, live), 8);
    assert.equal(await near.get(key, live), 8);
    assert.deepEqual([far.asked, notices.length], [[act], 1]);
  });

test('the nearer may fail too: the farther one still has it', async () => {
  const { near, far, stack } = rig();
  await far.put(key, 7, live);
  near.failure = unreachable();
  assert.equal(await stack.get(key, live), 7);
});

test('several that fail at once are told once each', async () => {
  const { near, far, notices, stack } = rig();
  near.failure = unreachable();
  far.failure = unreachable();
  await Promise.all([stack.put(key, 7, live), stack.put(digestOf('other'), 7, live)]);
  assert.equal(notices.length, 2);
});

test('a mistake of ours is no failure of a cache', async () => {
  const { far, stack } = rig();
  const bug = new RangeError('out of range');
  far.failure = bug;
  await assert.rejects(stack.get(key, live), bug);
});

test('an abort is no failure of a cache', async () => {
  const { far, notices, stack } = rig();
  const stop = new AbortController();
  far.failure = unreachable();
  stop.abort(new Error('enough'));
  await assert.rejects(stack.put(key, 7, stop.signal), /enough/);
  assert.deepEqual(notices, []);
});

function sharingRig() {
  const [near, from, to] = [new Far(), new Far(), new Far()];
  const stack = new CacheStack<number>(
    [{ cache: near }, { cache: from, isWritten: false }, { cache: to, isRead: false, takesHits: true }],
    () => assert.fail('nothing fails'),
  );
  return { near, from, to, stack };
}

test('one that is only read from is never given anything', async () => {
  const { from, stack } = sharingRig();
  await stack.put(key, 7, live);
  assert.deepEqual(from.asked, []);
});

for (const holder of ['near', 'from'] as const)
  test(`what others are to have they get where ${holder === 'near' ? 'the nearest' : 'one in between'} has it`, async () => {
    const { stack, to, ...caches } = sharingRig();
    await caches[holder].put(key, 7, live);
    assert.equal(await stack.get(key, live), 7);
    await stack.passed();
    assert.equal(await to.get(key, live), 7);
    assert.deepEqual(caches.from.asked.filter((act) => act === 'put').length, holder === 'from' ? 1 : 0);
  });

test('nobody waits for what is passed on but passed()', async () => {
  const { near, to, stack } = sharingRig();
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  const put = to.put.bind(to);
  to.put = async (...args) => {
    await opened;
    await new Promise(setImmediate);
    await put(...args);
  };
  await near.put(key, 7, live);
  assert.equal(await stack.get(key, live), 7);
  assert.equal(await to.get(key, live), undefined);
  open();
  await stack.passed();
  assert.equal(await to.get(key, live), 7);
});

test('a build that was ended passes nothing on, and fails by that alone', async () => {
  const { near, to, stack } = sharingRig();
  const stop = new AbortController();
  to.put = async () => {
    stop.abort(new Error('enough'));
    throw stop.signal.reason;
  };
  await near.put(key, 7, live);
  assert.equal(await stack.get(key, stop.signal), 7);
  await stack.passed();
});
