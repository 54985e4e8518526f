import { startCall } from '@keyward/bus';
import { AccountGate } from './account-gate';

const call = () => startCall(30_000);

describe('the account gate', () => {
  it('lets so many of one account in at once, the others in their order', async () => {
    const gate = new AccountGate(2, 64);
    const order: number[] = [];
    let inside = 0;
    let most = 0;
    await Promise.all(
      Array.from({ length: 9 }, async (_, i) => {
        const leave = await gate.enter('ann', call());
        order.push(i);
        most = Math.max(most, ++inside);
        await new Promise(setImmediate);
        inside--;
        leave();
      }),
    );
    expect(most).toBe(2);
    expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it('does not let one account wait for another', async () => {
    const gate = new AccountGate(1, 64);
    await gate.enter('ann', call());
    expect(await gate.enter('bob', call())).toBeInstanceOf(Function);
  });

  it('turns away who has no time left to wait, and goes on with the next', async () => {
    const gate = new AccountGate(1, 64);
    const leave = await gate.enter('ann', call());
    const late = gate.enter('ann', startCall(10));
    const patient = gate.enter('ann', call());
    await expect(late).rejects.toMatchObject({ code: 'temporarily_unavailable', retryAfter: 1 });
    leave();
    (await patient)();
    expect(await gate.enter('ann', call())).toBeInstanceOf(Function);
  });

  it('lets so many of one account wait, and turns the others away at once', async () => {
    const gate = new AccountGate(1, 2);
    const leave = await gate.enter('ann', call());
    const waiting = [1, 2].map(() => gate.enter('ann', call()).then((leave) => leave()));
    await expect(gate.enter('ann', call())).rejects.toMatchObject({ code: 'temporarily_unavailable', retryAfter: 1 });
    leave();
    await Promise.all(waiting);
    expect(await gate.enter('ann', call())).toBeInstanceOf(Function);
  });

  it('lets so many of all accounts wait, and after them others', async () => {
    const gate = new AccountGate(1, 2, 3);
    const leaves = await Promise.all(['ann', 'bob'].map((name) => gate.enter(name, call())));
    const waiting = ['ann', 'bob', 'ann'].map((name) => gate.enter(name, call()).then((leave) => leave()));
    await expect(gate.enter('bob', call())).rejects.toMatchObject({ code: 'temporarily_unavailable', retryAfter: 1 });
    expect(await gate.enter('eve', call())).toBeInstanceOf(Function);
    leaves.forEach((leave) => leave());
    await Promise.all(waiting);
    await gate.enter('ann', call());
    const late = gate.enter('ann', startCall(10));
    await expect(late).rejects.toMatchObject({ code: 'temporarily_unavailable' });
    expect(gate).toHaveProperty('waitingInAll', 0);
  });

  it('keeps nothing of accounts that nobody is trying', async () => {
    const gate = new AccountGate(1, 64);
    for (let i = 0; i < 100; i++) (await gate.enter(`name ${i}`, call()))();
    const waits = [1, 2].map(() => gate.enter('ann', call()).then((leave) => leave()));
    await Promise.all(waits);
    const { inside, waiting } = gate as unknown as { inside: Map<string, number>; waiting: Map<string, unknown> };
    expect([inside.size, waiting.size]).toEqual([0, 0]);
  });
});
