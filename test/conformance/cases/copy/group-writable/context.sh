umask 0 && mkdir d && echo x > d/x && chmod 664 d/x && chmod 775 d
