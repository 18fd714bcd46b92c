mkdir -p w/d && ln -s d w/l && echo x > w/d/x && ln w/d/x w/y && tar --owner=0 --group=0 -cf a.tar -C w d l d/x y && rm -r w
