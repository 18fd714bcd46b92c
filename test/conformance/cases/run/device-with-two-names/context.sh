mkdir x && mknod x/n c 1 3 && ln x/n x/m && tar --owner=0 --group=0 --mtime=@1000000 -cf dev.tar x && rm -r x && echo f > f
