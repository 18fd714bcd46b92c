mkdir d && echo x > d/x && chmod 4755 d/x
