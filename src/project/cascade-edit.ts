import type { SourceSpan } from '../result.ts';
import type { ImageName } from './image-name.ts';

/** `before` at a place of a Dockerfile, an `info.edn` or a `VERSION` becomes `after`. */
export interface CascadeEdit {
  readonly name: ImageName;
  readonly at: SourceSpan;
  readonly before: string;
  readonly after: string;
  /** The parent that a reference names; absent for the image's own version. */
  readonly parent?: ImageName | undefined;
}

/** An edit of a reference to a parent. */
export type ReferenceEdit = CascadeEdit & { readonly parent: ImageName };
