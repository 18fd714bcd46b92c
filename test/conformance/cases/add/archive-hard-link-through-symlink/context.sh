mkdir -p w/d && ln -s d w/l && echo x > w/d/x && ln w/d/x w/y && tar --no-recursion --owner=0 --group=0 -cf a.tar -C w d l l/x y && rm -r w
