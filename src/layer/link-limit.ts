/** How many symbolic links one path may go through: as many as the kernel follows (path_resolution(7)). */
export const LINK_LIMIT = 40;
