import { join } from 'node:path';
import { algorithmOf, type Digest, hexOf } from '../oci/digest.ts';

/** Where everything is; the tree is drawn in store.ts. All absolute. */
export interface StorePaths {
  readonly root: string;
  readonly version: string;
  readonly lock: string;
  /** Held while content is taken away, see `Claims`. */
  readonly taking: string;
  /** The OCI image layout. */
  readonly images: string;
  readonly ociLayout: string;
  readonly index: string;
  /** Holds the blobs, named by the hex digits of their sha256. */
  readonly blobs: string;
  /** The same for sha512; made with the first such blob. */
  readonly blobsSha512: string;
  readonly records: string;
  readonly indexes: string;
  readonly snapshots: string;
  readonly cacheMounts: string;
  /** What failed steps have left, for people to look at. */
  readonly failedSteps: string;
  readonly sessions: string;
  readonly trash: string;
  /** Full logs of builds, which cli writes. */
  readonly logs: string;
  blob(digest: Digest): string;
}

/** Pure: makes nothing. `root` is absolute. */
export function storePaths(root: string): StorePaths {
  const images = join(root, 'images');
  const blobs = join(images, 'blobs', 'sha256');
  const blobsSha512 = join(images, 'blobs', 'sha512');
  return {
    root,
    version: join(root, 'version'),
    lock: join(root, 'lock'),
    taking: join(root, 'taking'),
    images,
    ociLayout: join(images, 'oci-layout'),
    index: join(images, 'index.json'),
    blobs,
    blobsSha512,
    records: join(root, 'records'),
    indexes: join(root, 'indexes'),
    snapshots: join(root, 'snapshots'),
    cacheMounts: join(root, 'cache-mounts'),
    failedSteps: join(root, 'failed-steps'),
    sessions: join(root, 'sessions'),
    trash: join(root, 'trash'),
    logs: join(root, 'logs'),
    blob: (digest) => join(algorithmOf(digest) === 'sha512' ? blobsSha512 : blobs, hexOf(digest)),
  };
}
