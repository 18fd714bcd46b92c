mkdir w d && echo x > w/x && tar --mtime=@0 --owner=0 --group=0 -cf d/a.tar -C w x && rm -r w
