/** What is built in each place, and what each of these images is about: rows of doc/places.md. */
export interface PlaceCase {
  readonly title: string;
  /** Of an image whose context has `busybox` and a directory `files`. */
  readonly dockerfile: string;
  readonly args?: readonly string[];
  /** The store is in the file system of the container, not on a volume. */
  readonly ownStorage?: boolean;
}

const shell = 'FROM scratch\nCOPY --chmod=755 busybox /bin/sh\n';
const withTools = `${shell}COPY --chmod=755 busybox /bin/busybox\nENV PATH=/bin\n`;

export const placeCases: Readonly<Record<string, PlaceCase>> = {
  copy: {
    title: 'COPY and configuration',
    dockerfile: 'FROM scratch\nCOPY --chown=5:6 files /files\nWORKDIR /work\nENV A=1\nLABEL a=b\nUSER 5\n',
  },
  run: { title: 'RUN', dockerfile: `${shell}RUN echo a > /b\n` },
  owners: {
    title: 'RUN that gives files away, and as another user',
    dockerfile: `${withTools}RUN echo a > /b && busybox chown 1000:1001 /b && busybox chmod 600 /b\nUSER 1000:1001\nRUN read a < /b && echo $a\n`,
  },
  bind: {
    title: 'RUN --mount=type=bind',
    dockerfile: `${withTools}RUN --mount=type=bind,source=files,target=/m busybox cp /m/one /b && busybox cp -r /m/more /more\nRUN --mount=type=bind,source=files,target=/m,rw echo x > /m/one\n`,
  },
  cache: {
    title: 'RUN --mount=type=cache',
    dockerfile: `${withTools}RUN --mount=type=cache,id=c,target=/c echo one > /c/one && busybox ln /c/one /c/same\nRUN --mount=type=cache,id=c,target=/d read a < /d/one\nRUN --mount=type=cache,id=c,target=/c read a < /c/same && echo $a > /b\n`,
  },
  tmpfs: {
    title: 'RUN --mount=type=tmpfs',
    dockerfile: `${withTools}RUN --mount=type=tmpfs,target=/t echo a > /t/a && busybox cp /t/a /b\n`,
  },
  secret: {
    title: 'RUN --mount=type=secret',
    dockerfile: `${withTools}RUN --mount=type=secret,id=s [ "$(busybox cat /run/secrets/s)" = word ]\n`,
    args: ['--secret=id=s,env=WORD'],
  },
  secretEnv: {
    title: 'RUN --mount=type=secret,env=NAME',
    dockerfile: `${shell}RUN --mount=type=secret,id=s,env=S [ "$S" = word ]\n`,
    args: ['--secret=id=s,env=WORD'],
  },
  noNetwork: { title: 'RUN --network=none', dockerfile: `${shell}RUN --network=none true\n` },
  hostname: {
    title: 'the host name of a step',
    dockerfile: `${withTools}RUN busybox hostname > /name\n`,
  },
  proc: { title: '/proc in a step', dockerfile: `${shell}RUN read a < /proc/self/stat\n` },
  devices: { title: 'mknod in a step', dockerfile: `${withTools}RUN busybox mknod /n c 1 3\n` },
  ownStorage: {
    title: 'the store in the file system of the container',
    dockerfile: `${shell}RUN echo a > /b\n`,
    ownStorage: true,
  },
};

/** The project in `example-project`, of which every image is built. */
export const EXAMPLE = 'example';

/** What came of one build. */
export interface CaseResult {
  /** `built`, or the `reason` of each failure. */
  readonly outcome: string;
  /** Digests of the configurations of what was built. */
  readonly ids: readonly string[];
  /** What was said, as warnings, notices and failures. */
  readonly said: readonly string[];
}

/** What one place had to say, as `inside.ts` prints it. */
export interface PlaceResult {
  /** What `cip doctor` says of the tier. */
  readonly tier: string;
  readonly doctor: readonly { readonly name: string; readonly state: string; readonly hint?: string }[];
  readonly cases: Readonly<Record<string, CaseResult>>;
}
