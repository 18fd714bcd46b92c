import { randomUUID } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { constants } from 'node:os';
import { join } from 'node:path';
import { complaintOf, runProgram, succeeded } from '../../program/run-program.ts';
import { type Gate, gateScript } from './gate.ts';
import { callTable, type GateCall, type Memory } from './gate-table.ts';
import { HELPER } from './network-helper.ts';
import { rejectLoopbackCalls } from './step-calls.ts';

/** What the trial is made with: whether a step's network reaches the loopback of this machine, which it must not. */
export interface TrialOptions {
  /** For small files. */
  readonly dir: string;
  /** That steps will have; setns(2) takes it. */
  readonly namespace: string;
  readonly nsenter: string;
  readonly sh: string;
  readonly gate: Gate;
  /** An address of this machine that its other networks see; the control is sent there. */
  readonly machine: string;
  /** Number of a process in the namespace. */
  readonly holder: number;
}

/** `arrived`: what reached the loopback interface of the machine. */
export type Trial = 'kept out' | { readonly arrived: readonly string[] } | { readonly undecided: string };

/** What is sent, as it is called in messages. */
const ways = {
  datagram: 'the datagram of a bound socket',
  frame: 'a frame',
  connection: 'the connection of a bound socket',
} as const;

/** Milliseconds for a control to arrive; only a helper that loses it makes anybody wait. */
const TO_ARRIVE = 10_000;
const LOOPBACK = '127.0.0.1';
/** uapi/linux: socket.h, if_packet.h, if_ether.h; asm-generic/socket.h */
const [AF_INET, AF_PACKET, SOCK_STREAM, SOCK_DGRAM, SOCK_NONBLOCK] = [2, 17, 1, 2, 0o4000];
const [SOL_SOCKET, SO_BINDTODEVICE, ETH_P_IP] = [1, 25, 0x0800];
const UDP = 17;
const { EINPROGRESS } = constants.errno;

/**
 * Attacks the loopback interface of this machine from a private network: a datagram and a connection of sockets that are
 * bound to the interface, and a frame. Servers of this process listen there. That nothing arrived is told by order and not by
 * time: helpers take what they get in turn, and the control, sent last, went through. All of it is done twice, since the
 * first packet for an address waits in the kernel until somebody answers for it.
 */
export async function tryLoopback(options: TrialOptions): Promise<Trial> {
  await using servers = await listen(options.machine);
  const { udp, tcp, control, nonce } = servers;
  const bound = datagramCalls(boundTo(LOOPBACK, udp), `${nonce} ${ways.datagram}`);
  try {
    for (const round of [1, 2]) {
      const { index, hardware } = await neighbourhood(options.holder);
      const frame = frameOf(`${nonce} ${ways.frame}`, await freePort(), udp);
      const frames = frameCalls(frame, index, hardware);
      const calls = [...rejectLoopbackCalls(), ...bound, ...frames, ...controlCalls(options.machine, control)];
      await perform(`loopback-${round}`, { calls: [...calls, ...connectionCalls(tcp)], status: EINPROGRESS }, options);
      await perform('control', { calls: controlCalls(options.machine, control), status: 0 }, options);
    }
    const arrived = await servers.arrived();
    return arrived.length === 0 ? 'kept out' : { arrived };
  } catch (error) {
    return { undecided: (error as Error).message };
  }
}

/** Has the gate make the calls in the namespace; it is to end with `status`. */
async function perform(
  name: string,
  { calls, status }: { readonly calls: readonly GateCall[]; readonly status: number },
  options: TrialOptions,
): Promise<void> {
  const { dir, namespace, nsenter, sh, gate } = options;
  const table = join(dir, `gate-${name}`);
  await writeFile(table, callTable(gate.architecture, calls, [sh]));
  const script = gateScript(gate.program, table, ':');
  const args = [`--net=${namespace}`, sh, '-c', script];
  const send = () => runProgram(nsenter, { args, env: 'inherited', timeout: TO_ARRIVE });
  let sent = await send();
  // All datagrams of one time may be lost.
  if (sent.how === 'timeout') sent = await send();
  if (succeeded(sent) || (sent.how === 'status' && sent.status === status)) return;
  throw new Error('what is sent to the machine does not arrive', { cause: complaintOf(sent) });
}

/** Index of the interface of the helper, and the hardware address of its gateway once it is known, else that of everybody. */
async function neighbourhood(holder: number): Promise<{ readonly index: number; readonly hardware: Buffer }> {
  const [groups, neighbours] = await Promise.all(
    ['igmp', 'arp'].map((name) => readFile(`/proc/${holder}/net/${name}`, 'utf8')),
  );
  const index = new RegExp(`^(\\d+)\\s+${HELPER.interface}\\b`, 'm').exec(groups!)?.[1];
  if (index === undefined) throw new Error(`there is no interface ${HELPER.interface}`);
  const known = neighbours!.split('\n').find((line) => line.startsWith(`${HELPER.gateway} `));
  const hardware = /(?:[0-9a-f]{2}:){5}[0-9a-f]{2}/.exec(known ?? '')?.[0] ?? 'ff:ff:ff:ff:ff:ff';
  return { index: Number(index), hardware: Buffer.from(hardware.replaceAll(':', ''), 'hex') };
}

/** Sockets are the lowest number that is free: 3. */
const close: GateCall = { call: 'close', args: [3] };

function boundTo(address: string, port: number, type = SOCK_DGRAM): readonly GateCall[] {
  const name = HELPER.interface;
  return [
    { call: 'socket', args: [AF_INET, type, 0] },
    { call: 'setsockopt', args: [3, SOL_SOCKET, SO_BINDTODEVICE, name, name.length + 1] },
    connectCall(address, port),
  ];
}

function datagramCalls(open: readonly GateCall[], text: string): readonly GateCall[] {
  return [...open, { call: 'write', args: [3, text, text.length] }, close];
}

/** The last of a table: it ends the gate, with EINPROGRESS, and the kernel goes on with what it began. */
function connectionCalls(port: number): readonly GateCall[] {
  return boundTo(LOOPBACK, port, SOCK_STREAM | SOCK_NONBLOCK);
}

/** Sends to the machine, more than once since a datagram may be lost, and waits for an answer. */
function controlCalls(address: string, port: number): readonly GateCall[] {
  const write = { call: 'write', args: [3, 'control', 'control'.length] } as const satisfies GateCall;
  return [
    { call: 'socket', args: [AF_INET, SOCK_DGRAM, 0] },
    connectCall(address, port),
    ...[write, write, write],
    { call: 'recvfrom', args: [3, 0, 0, 0, 0] },
    close,
  ];
}

function connectCall(address: string, port: number): GateCall {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt16LE(AF_INET);
  bytes.writeUInt16BE(port, 2);
  bytes.set(octets(address), 4);
  return { call: 'connect', args: [3, { bytes }, bytes.length] };
}

/** Takes CAP_NET_RAW, which steps of a private network don't have. */
function frameCalls(frame: Buffer, index: number, hardware: Buffer): readonly GateCall[] {
  const to = Buffer.alloc(20);
  to.writeUInt16LE(AF_PACKET);
  to.writeUInt16BE(ETH_P_IP, 2);
  to.writeInt32LE(index, 4);
  to.writeUInt8(hardware.length, 11);
  hardware.copy(to, 12);
  const vector: Memory = { bytes: Buffer.alloc(16), pointers: new Map([[0, { bytes: frame }]]) };
  vector.bytes.writeUInt32LE(frame.length, 8);
  // struct msghdr
  const message = Buffer.alloc(56);
  message.writeUInt32LE(to.length, 8);
  message.writeUInt32LE(1, 24);
  const pointers = new Map<number, Memory>([
    [0, { bytes: to }],
    [16, vector],
  ]);
  return [
    { call: 'socket', args: [AF_PACKET, SOCK_DGRAM, 0] },
    { call: 'sendmsg', args: [3, { bytes: message, pointers }, 0] },
    close,
  ];
}

/** A datagram for the loopback interface as a packet (RFC 791, RFC 768). */
function frameOf(text: string, from: number, port: number): Buffer {
  const payload = Buffer.from(text);
  const packet = Buffer.alloc(28 + payload.length);
  packet.set([0x45, 0, 0, 0, 0, 1, 0, 0, 64, UDP, 0, 0, ...octets(HELPER.address), ...octets(LOOPBACK)]);
  packet.writeUInt16BE(packet.length, 2);
  let sum = 0;
  for (let at = 0; at < 20; at += 2) sum += packet.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  packet.writeUInt16BE(~sum & 0xffff, 10);
  packet.writeUInt16BE(from, 20);
  packet.writeUInt16BE(port, 22);
  packet.writeUInt16BE(8 + payload.length, 24);
  payload.copy(packet, 28);
  return packet;
}

function octets(address: string): readonly number[] {
  return address.split('.').map(Number);
}

interface Servers extends AsyncDisposable {
  /** Ports on the loopback interface, and of one on an address of the machine that answers. */
  readonly udp: number;
  readonly tcp: number;
  readonly control: number;
  /** What everything sent by this trial begins with. */
  readonly nonce: string;
  /** What has come to the loopback interface by now. */
  arrived(): Promise<readonly string[]>;
}

async function listen(machine: string): Promise<Servers> {
  const nonce = randomUUID();
  const heard = new Set<string>();
  const [udp, control] = [createSocket('udp4'), createSocket('udp4')];
  let last = () => {};
  const connections = new Set<number | undefined>();
  let connected = () => {};
  const tcp = createServer((socket) => {
    connections.add(socket.remotePort);
    socket.on('error', () => {}).destroy();
    connected();
  });
  udp.on('message', (message) => {
    const text = message.toString();
    if (text === `${nonce} last`) last();
    else if (text.startsWith(nonce)) heard.add(text.slice(nonce.length + 1));
  });
  control.on('message', (_message, { port, address }) => control.send('', port, address, () => {}));
  tcp.listen(0, LOOPBACK);
  await Promise.all([bound(udp, LOOPBACK), bound(control, machine), once(tcp, 'listening')]);
  const ports = { udp: udp.address().port, tcp: (tcp.address() as AddressInfo).port, control: control.address().port };
  return {
    ...ports,
    nonce,
    // What came before these two has been read once they have.
    async arrived() {
      const own = connect(ports.tcp, LOOPBACK);
      own.on('error', () => {});
      const deadline = AbortSignal.timeout(TO_ARRIVE);
      const late = once(deadline, 'abort').then(() => {
        throw new Error('the loopback interface of this machine carries nothing');
      });
      const datagram = new Promise<void>((resolve) => {
        last = resolve;
        udp.send(`${nonce} last`, ports.udp, LOOPBACK, () => {});
      });
      await Promise.race([once(own, 'connect'), late]);
      const { localPort } = own;
      const connection = new Promise<void>((resolve) => {
        connected = () => connections.has(localPort) && resolve();
        connected();
      });
      await Promise.race([Promise.all([datagram, connection]), late]);
      own.destroy();
      connections.delete(localPort);
      if (connections.size > 0) heard.add(ways.connection);
      return Object.values(ways).filter((way) => heard.has(way));
    },
    async [Symbol.asyncDispose]() {
      tcp.close();
      udp.close();
      control.close();
    },
  };
}

/** Helpers send from the same port as the packet, as far as they can. */
async function freePort(): Promise<number> {
  const socket = createSocket('udp4');
  await bound(socket, '0.0.0.0');
  const { port } = socket.address();
  socket.close();
  return port;
}

async function bound(socket: Socket, address: string): Promise<void> {
  socket.bind(0, address);
  await once(socket, 'listening');
}
