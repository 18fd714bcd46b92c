mkdir -p w/d && echo f > w/d/z && tar --mtime=@5000 --owner=7 --group=8 -cf a.tar -C w d && echo g > w/d/z && chmod 700 w/d && tar --mtime=@6000 --owner=9 --group=8 -rf a.tar -C w d && rm -r w
