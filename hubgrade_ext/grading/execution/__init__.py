"""Execute submissions: a bundle of files in, executed notebooks and an outcome out; nothing of the course.

    engine.LocalExecutor      schedules many bundles at once in this process
      kernel_server           a process with the kernel imported; every kernel is a fork of it (worker side)
        zygote                that process's own code: builds the private root, forks
          supervisor          first process of each sandbox: limits, signals, end of the whole tree
            confinement       what the kernel gives up before student code runs
            interpreter       turn the fork into an IPython kernel that looks freshly started
            direct_kernel     that kernel, made before the fork, with one socket to the worker
      direct_client           the worker's end of it
      kernels                 any other kernel, with ZeroMQ channels: jupyter_client's manager, client
      notebook_run            one notebook, cell by cell, as nbgrader's Execute does it

Vocabulary: a *bundle* is a submission made self-contained; a *scratch* is the folder that all notebooks
of one bundle share; a *sandbox* is the set of processes of one kernel; a *level* says how it is walled in.
"""
