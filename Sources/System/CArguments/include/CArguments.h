/// How many words the command line has, the command's own name included.
int vit_argument_count(void);

/// The words of the command line, in the process's own memory.
char *const *vit_arguments(void);
