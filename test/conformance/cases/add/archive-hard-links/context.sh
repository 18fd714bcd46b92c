mkdir -p w/d && echo x > w/d/x && ln w/d/x w/d/y && tar --owner=0 --group=0 -cf a.tar -C w d && rm -r w
