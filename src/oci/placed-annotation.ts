/** Where in an image an annotation stands: in a document, or in the descriptor that leads to it. */
export const annotationLevels = ['manifest', 'index', 'manifest-descriptor', 'index-descriptor'] as const;

/** One of `annotationLevels`. */
export type AnnotationLevel = (typeof annotationLevels)[number];

/** One annotation of an image that somebody asks for. Plain data. */
export interface PlacedAnnotation {
  readonly level: AnnotationLevel;
  /** Of this platform alone, as `formatPlatform` writes it; of all, if not given. Never of an index. */
  readonly platform?: string | undefined;
  readonly name: string;
  readonly value: string;
}

/** As it is typed: `manifest[linux/arm64]:a`. */
export function formatPlace({ level, platform, name }: Omit<PlacedAnnotation, 'value'>): string {
  return `${level}${platform === undefined ? '' : `[${platform}]`}:${name}`;
}

/** Those of one place by name. What is said of a platform goes before what is said of all, and else what comes later. */
export function annotationsAt(
  all: readonly PlacedAnnotation[],
  level: AnnotationLevel,
  platform?: string,
): Readonly<Record<string, string>> {
  const here = all.filter((one) => one.level === level);
  const ofAll = here.filter((one) => one.platform === undefined);
  const ofThis = here.filter((one) => one.platform !== undefined && one.platform === platform);
  return Object.fromEntries([...ofAll, ...ofThis].map(({ name, value }) => [name, value]));
}

/** Those of an image of these platforms by document: manifests and their entries in the index by `linux/amd64`, and the index. */
export function annotationsByDocument(all: readonly PlacedAnnotation[], platforms: readonly string[]) {
  const byPlatform = (level: AnnotationLevel) =>
    Object.fromEntries(platforms.map((platform) => [platform, annotationsAt(all, level, platform)]));
  return {
    manifests: byPlatform('manifest'),
    entries: byPlatform('manifest-descriptor'),
    index: annotationsAt(all, 'index'),
  } as const;
}
