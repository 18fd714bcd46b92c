mkdir -p w/d && echo x > w/d/x && chmod 4711 w/d/x && mkdir w/e && chmod 1777 w/e && tar --owner=5 --group=6 -cf a.tar -C w d e && rm -r w
