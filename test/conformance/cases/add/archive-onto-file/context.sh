mkdir -p w && echo f > w/z && tar --owner=7 --group=8 -cf a.tar -C w z && rm -r w
