mkdir -p w/d w/e && tar --mtime=@5000 --owner=7 --group=8 -cf a.tar -C w d e && rmdir w/d && ln -s e w/d && tar --mtime=@6000 --owner=9 --group=8 -rf a.tar -C w d && rm -r w
