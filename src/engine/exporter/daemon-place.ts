/** A server that keeps images: Docker's, or what speaks as it does. Plain data. */
export interface Daemon {
  readonly program: 'docker' | 'podman';
  /** As messages name it: `unix:///var/run/docker.sock`. */
  readonly address: string;
  readonly at:
    | { readonly socketPath: string }
    | {
        readonly host: string;
        readonly port: number;
        /** PEM; the connection is encrypted then. */
        readonly tls?: { readonly ca: string; readonly cert: string; readonly key: string } | undefined;
      };
}
