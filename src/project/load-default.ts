/** Where an image is loaded when it is built or pulled; `auto` is whichever of them is there. */
export type LoadDefault = 'auto' | 'docker' | 'podman';
