import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startProgram } from '../../program/start-program.ts';
import { type Gate, gateScript } from './gate.ts';
import { callTable } from './gate-table.ts';
import { tryLoopback } from './loopback-trial.ts';
import { HELPER, type NoNetwork, startHelper } from './network-helper.ts';
import { withoutCapabilities } from './step-calls.ts';

/** What `startPasta()` works with. */
export interface PastaOptions {
  /** For small files. */
  readonly dir: string;
  /** What setns(2) takes. */
  readonly namespace: string;
  readonly nsenter: string;
  readonly sh: string;
  readonly gate: () => Promise<Gate>;
}

/** Milliseconds between two looks at whether the interface is up. */
const LOOK_AGAIN = 5;

/**
 * Makes pasta(1) the way out of a network namespace, and then attacks the machine's loopback interface through it, as a step
 * could: what version it is says nothing reliable, and old ones deliver there what a bound socket sends. One that does, or
 * of which it can't be told, is ended. Resolves when steps may use it; else with the reason why there is none.
 */
export async function startPasta(program: string, options: PastaOptions): Promise<NoNetwork | undefined> {
  const machine = await addressOfMachine();
  if (machine === undefined) {
    return { why: 'pasta needs a default route by IPv4, and this machine has none', fix: 'install slirp4netns' };
  }
  const gate = await options.gate();
  await using holder = await hold(gate, options);
  const helper = await startHelper(program, pastaArguments(holder.pid), (_child, signal) => isUp(holder.pid, signal));
  if (typeof helper === 'string') {
    return { why: `pasta fails: ${helper}`, fix: 'install slirp4netns, or try pasta by hand' };
  }
  helper.leave();
  const trial = await tryLoopback({ ...options, gate, machine, holder: holder.pid });
  if (trial === 'kept out') return undefined;
  helper.child.kill('SIGKILL');
  const fix = 'install slirp4netns, or pasta (package passt) of May 2025 or later';
  return 'arrived' in trial
    ? { why: `this version of pasta lets steps reach it, by ${trial.arrived.join(' and by ')}`, fix }
    : { why: `whether pasta keeps steps from it can't be told: ${trial.undecided}`, fix };
}

/** IPv4 alone, nothing from outside to the inside, and the gateway is not the machine. */
function pastaArguments(holder: number): readonly string[] {
  const { address, prefix, gateway, nameServer } = HELPER;
  return [
    // As a child that can be ended; else it leaves for the background.
    ...['--foreground', '--config-net', '--ipv4-only', '--ns-ifname', HELPER.interface, '--no-map-gw'],
    ...['--address', address, '--netmask', `${prefix}`, '--gateway', gateway, '--dns-forward', nameServer],
    // With its own, 65520, connections stall now and then whose client has ended its side before a long answer.
    ...['--mtu', '32000'],
    ...['--tcp-ports', 'none', '--udp-ports', 'none', '--tcp-ns', 'none', '--udp-ns', 'none'],
    // Where root has all ids of the machine it would become nobody, who may not enter the namespace.
    ...['--runas', '0:0'],
    // By the path of a process, since that is what its AppArmor profile allows; the process will be gone.
    ...['--no-netns-quit', '--netns', `/proc/${holder}/ns/net`],
  ];
}

/**
 * A process in the namespace, with the number that /proc has for it. It has no capabilities, since pasta has given up most of
 * its own when it asks for the namespace. It ends when it is disposed of, or this process does.
 */
async function hold(
  { architecture, program }: Gate,
  { dir, nsenter, namespace, sh }: PastaOptions,
): Promise<AsyncDisposable & { readonly pid: number }> {
  const table = join(dir, 'gate-holder');
  await writeFile(table, callTable(architecture, withoutCapabilities(), [sh]));
  const script = gateScript(program, table, 'read -r pid rest </proc/self/stat; echo "$pid"; read -r rest');
  const args = [`--net=${namespace}`, sh, '-c', script];
  const running = await startProgram({
    program: nsenter,
    args,
    env: 'inherited',
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  if ('how' in running) throw running.error;
  const { child, closed } = running;
  const pid = await new Promise<string>((resolve) => {
    void closed.then(() => resolve(''));
    child.stdout!.setEncoding('utf8').once('data', resolve);
  });
  return {
    pid: Number(pid),
    async [Symbol.asyncDispose]() {
      child.stdin!.end();
      await closed;
    },
  };
}

/** Resolves when there is a way out of the namespace of the process `pid`. */
async function isUp(pid: number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    if (hasWayOut(await readFile(`/proc/${pid}/net/route`, 'utf8'))) return;
    await delay(LOOK_AGAIN);
  }
}

/**
 * The address by which this machine reaches others, if it does: one that is seen through any helper. Sends nothing: connecting
 * a datagram socket (to an address that is nobody's, RFC 5737) only asks the kernel for a route.
 */
async function addressOfMachine(): Promise<string | undefined> {
  const socket = createSocket('udp4');
  try {
    socket.connect(9, '203.0.113.1');
    await once(socket, 'connect');
    return socket.address().address;
  } catch {
    return undefined;
  } finally {
    socket.close();
  }
}

/** Whether the text of /proc/net/route (net/ipv4/fib_trie.c) has a default route by the interface of a helper. */
function hasWayOut(text: string): boolean {
  return text.split('\n').some((line) => line.startsWith(`${HELPER.interface}\t00000000\t`));
}
