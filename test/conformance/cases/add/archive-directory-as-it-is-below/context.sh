mkdir -p d/sub; tar --mtime=@5 --owner=0 --group=0 -cf a.tar -C d sub
