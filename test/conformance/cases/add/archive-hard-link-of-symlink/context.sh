mkdir -p w && ln -s gone w/l && ln w/l w/m && tar --owner=0 --group=0 -cf a.tar -C w l m && rm -r w
