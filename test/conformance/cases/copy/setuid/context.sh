mkdir d && echo x > d/x && chmod 4755 d/x && echo y > d/y && chmod 2755 d/y && mkdir d/s && chmod 1777 d/s
