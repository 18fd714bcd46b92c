mkdir -p w/a/b && echo x > w/a/b/x && tar --owner=3 --group=4 -cf a.tar -C w a/b/x && rm -r w
