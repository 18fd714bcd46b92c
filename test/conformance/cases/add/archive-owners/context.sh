mkdir -p w/d && echo x > w/d/x && chmod 2755 w/d && tar --owner=5 --group=6 -cf a.tar -C w . && rm -r w
