mkdir -p w/d && echo x > w/d/x && chmod 4711 w/d/x && tar --owner=5 --group=6 -cf a.tar -C w d && rm -r w
