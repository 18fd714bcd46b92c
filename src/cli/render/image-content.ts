import type { ImageContent, PlatformContent } from '../image-content.ts';
import { byteSize } from './byte-size.ts';

/** Columns of what stands before the values. */
const NAMES = 12;

/** An image for people: each of its platforms, what containers are started with, and the layers, base first. */
export function imageContent(name: string, { digest, annotations, platforms, others }: ImageContent): string {
  const head = [line('image', name), line('digest', digest), ...named('annotation', annotations)];
  const rest = others.map((other) => line('besides', `${other.digest} ${other.mediaType} ${byteSize(other.size)}`));
  return [...head, ...platforms.flatMap((platform) => ['', ...platformLines(platform)]), ...rest]
    .map((text) => `${text}\n`)
    .join('');
}

function platformLines({ platform, digest, created, size, annotations, config, layers }: PlatformContent) {
  const { User, WorkingDir, Entrypoint, Cmd, Env, Labels, ExposedPorts, Volumes, StopSignal, Shell, Healthcheck } =
    config;
  return [
    platform,
    ...[
      line('digest', digest),
      ...(created === undefined ? [] : [line('created', created)]),
      ...named('annotation', annotations),
      ...(User ? [line('user', User)] : []),
      ...(WorkingDir ? [line('directory', WorkingDir)] : []),
      ...(Entrypoint ? [line('entrypoint', JSON.stringify(Entrypoint))] : []),
      ...(Cmd ? [line('command', JSON.stringify(Cmd))] : []),
      ...(Shell ? [line('shell', JSON.stringify(Shell))] : []),
      ...(Env ?? []).map((variable) => line('variable', variable)),
      ...named('label', Labels ?? {}),
      ...Object.keys(ExposedPorts ?? {}).map((port) => line('port', port)),
      ...Object.keys(Volumes ?? {}).map((volume) => line('volume', volume)),
      ...(StopSignal ? [line('stop signal', StopSignal)] : []),
      ...(Healthcheck?.Test ? [line('health', JSON.stringify(Healthcheck.Test))] : []),
      line('size', `${byteSize(size)} in ${layers.length === 1 ? '1 layer' : `${layers.length} layers`}`),
      ...layers.map((layer) =>
        line('layer', `${layer.digest.slice(0, 19)} ${byteSize(layer.size).padStart(7)}  ${oneLine(layer.createdBy)}`),
      ),
    ].map((text) => `  ${text}`),
  ];
}

function named(what: string, values: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(values).map(([name, value]) => line(what, `${name}=${value}`));
}

function line(name: string, value: string): string {
  return `${name.padEnd(NAMES)}${value}`.trimEnd();
}

/** Instructions have line breaks, and may be whole scripts; `--json` has all of them. */
function oneLine(text = ''): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length > 100 ? `${line.slice(0, 99)}…` : line;
}
