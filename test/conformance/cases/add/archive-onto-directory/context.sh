mkdir -p w/d && echo f > w/d/z && chmod 750 w/d && tar --mtime=@5000 --owner=7 --group=8 -cf a.tar -C w d && rm -r w
