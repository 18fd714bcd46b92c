mkdir w && head -c 5000 /dev/zero > w/x && tar --mtime=@0 --owner=0 --group=0 -cf b.tar -C w x && head -c 2000 b.tar > a.tar && rm -r w b.tar
