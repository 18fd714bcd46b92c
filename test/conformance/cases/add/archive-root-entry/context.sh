mkdir -p w && echo f > w/z && chmod 700 w && tar --mtime=@5000 --owner=7 --group=8 -cf a.tar -C w . && tar -P --transform 's,^\.,/,' --mtime=@5000 --owner=7 --group=8 -cf b.tar -C w . && rm -r w
